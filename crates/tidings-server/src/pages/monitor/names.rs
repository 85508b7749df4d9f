// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-t7quUHuZ.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-CYK80wQF.css";
pub(super) const INDEX_ETAG: &str = "\"acaa1afabdf5a480\"";
