// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-DGHsCKR_.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-65c6lWCN.css";
pub(super) const INDEX_ETAG: &str = "\"d14ebb95d4c6e2dc\"";
