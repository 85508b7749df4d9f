// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-DuoHsGWy.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-BaFPPMNA.css";
pub(super) const INDEX_ETAG: &str = "\"193d09f2ee2dd2fb\"";
