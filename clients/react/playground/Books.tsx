import { useEffect, useState } from 'react';

const ASK_EVERY_MS = 1_000;

/** What the hub itself counts, asked outside of the tree that is tried. */
export function Books() {
  const [books, set] = useState<{ active: number; opened_total: number } | null>(null);
  useEffect(() => {
    const ask = async () => {
      const answer = await fetch('/api/sse/stats').catch(() => null);
      set(answer?.ok ? (await answer.json()).connections : null);
    };
    void ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (!books) return <p className="books">The hub doesn’t answer.</p>;
  return (
    <p className="books">
      The hub counts <b>{books.active}</b> open, of <b>{books.opened_total}</b> opened.
    </p>
  );
}
