// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-BUSTfSQy.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-DX7jWYDN.css";
pub(super) const INDEX_ETAG: &str = "\"ee76d7600b2fcf88\"";
