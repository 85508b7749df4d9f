// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-Bo0A4uDG.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-BWwzeOF9.css";
pub(super) const INDEX_ETAG: &str = "\"db6f54baade8f617\"";
