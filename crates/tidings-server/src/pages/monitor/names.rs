// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-BCCKFePe.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-DBE0u7jP.css";
pub(super) const INDEX_ETAG: &str = "\"5c8d6f39a21ec608\"";
