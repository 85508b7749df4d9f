// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-UBCT1xul.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-FzjJ3LZq.css";
pub(super) const INDEX_ETAG: &str = "\"f48418ecaca4fcd8\"";
