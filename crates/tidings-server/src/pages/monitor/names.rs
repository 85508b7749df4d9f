// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-BpV8hxw0.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-BWwzeOF9.css";
pub(super) const INDEX_ETAG: &str = "\"bf347e4f3310f7c6\"";
