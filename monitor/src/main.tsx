import './style/tokens.css';
import './style/base.css';
import './style/overview.css';
import './style/lists.css';
import './style/narrow.css';
import './style/drawers.css';
import { render } from 'preact';
import { App } from './app.js';
import { applyTheme } from './parts/theme.js';

applyTheme();
render(<App />, document.body);
