// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-BACVBf5r.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-BWwzeOF9.css";
pub(super) const INDEX_ETAG: &str = "\"a67e4a20d0b9bc5d\"";
