import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

interface DrawerProps {
  readonly title: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** `drawer` at the side, `box` in the middle for a question. */
  readonly kind?: 'drawer' | 'box';
}

/** A modal dialog: the focus stays within, Esc closes it, and the focus goes back to where it came from. */
export function Drawer({ title, onClose, children, kind = 'drawer' }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => {
    const own = dialog.current;
    const opener = document.activeElement;
    own?.showModal();
    return () => {
      own?.close();
      // The browser would do so, but not where the dialog has left the page by now.
      const back = opener?.isConnected ? opener : document.getElementById('main');
      if (back instanceof HTMLElement) back.focus();
    };
  }, []);
  useEffect(() => {
    // What had the focus has left, as the way to end what has ended.
    if (document.activeElement === document.body) dialog.current?.focus();
  });
  const outside = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc does the same
    <dialog
      ref={dialog}
      tabIndex={-1}
      class={kind}
      aria-labelledby={name}
      onClick={outside}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="sheet">
        <header>
          <h2 id={name}>{title}</h2>
          {kind === 'drawer' && (
            <button type="button" class="plain" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
