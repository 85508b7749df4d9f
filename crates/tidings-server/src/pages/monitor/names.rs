// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-gdTolOIU.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-BWwzeOF9.css";
pub(super) const INDEX_ETAG: &str = "\"9ae80be5a2bcf8e5\"";
