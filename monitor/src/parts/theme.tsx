import { useLayoutEffect, useState } from 'preact/hooks';
import { Icon } from './icon.js';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEPT_AS = 'tidings-monitor-theme';

/** Puts the kept choice on the page, before anything is drawn. */
export function applyTheme(theme: Theme = kept()): void {
  document.documentElement.dataset.theme = theme;
}

/** As the system has it, light, or dark. */
export function ThemeToggle() {
  const [theme, setTheme] = useState<Theme>(kept);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] as Theme;
  // With the button: whoever sees it changed sees the colours changed.
  useLayoutEffect(() => {
    applyTheme(theme);
    try {
      localStorage.setItem(KEPT_AS, theme);
    } catch {
      // Storage that is full or forbidden keeps nothing: the choice holds for this page.
    }
  }, [theme]);
  return (
    <button
      type="button"
      class="plain theme"
      title={`Colours: ${theme}`}
      aria-label={`Colours: ${theme}. Change to ${next}`}
      onClick={() => setTheme(next)}
    >
      <Icon name={theme} />
    </button>
  );
}

function kept(): Theme {
  try {
    return THEMES.find((one) => one === localStorage.getItem(KEPT_AS)) ?? 'system';
  } catch {
    return 'system';
  }
}
