import './style/tokens.css';
import './style/base.css';
import './style/overview.css';
import './style/lists.css';
import './style/narrow.css';
import './style/drawers.css';
import { render } from 'preact';
import { App } from './app.js';
import { backFromLogin } from './hub/session.js';
import { applyTheme } from './parts/theme.js';

applyTheme();
backFromLogin();
render(<App />, document.body);
