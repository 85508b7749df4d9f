// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-B9nvWOeo.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-DLjrTwlp.css";
pub(super) const INDEX_ETAG: &str = "\"9297cd73bceb01d9\"";
