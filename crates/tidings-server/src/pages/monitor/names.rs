// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app--8z2CDxL.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-BWwzeOF9.css";
pub(super) const INDEX_ETAG: &str = "\"25778e45b43d771f\"";
