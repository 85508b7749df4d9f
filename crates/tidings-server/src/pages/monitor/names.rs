// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-C77t_aIm.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-CYK80wQF.css";
pub(super) const INDEX_ETAG: &str = "\"15f4974fa7800537\"";
