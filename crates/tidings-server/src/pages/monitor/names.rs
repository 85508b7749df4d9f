// Written by the build of monitor/: `npm run build -w tidings-monitor`.

pub(super) const SCRIPT_PATH: &str = "/admin/monitoring/app-DilW9orn.js";
pub(super) const STYLE_PATH: &str = "/admin/monitoring/app-FzjJ3LZq.css";
pub(super) const INDEX_ETAG: &str = "\"462e4b98f54558ec\"";
