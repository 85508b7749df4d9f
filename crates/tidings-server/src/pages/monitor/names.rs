// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-FzKJHNHS.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-FzjJ3LZq.css";
pub(super) const INDEX_ETAG: &str = "\"ff13763f9fcb4546\"";
