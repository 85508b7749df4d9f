// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-CZA0D20D.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-CCOuJsif.css";
pub(super) const INDEX_ETAG: &str = "\"faf1ff836174cfea\"";
