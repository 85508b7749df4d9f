import { useEffect, useState } from 'preact/hooks';

/** Whether the page can be seen at all. What nobody looks at asks for nothing. */
export function useLooking(): boolean {
  const [looking, setLooking] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setLooking(!document.hidden);
    document.addEventListener('visibilitychange', look);
    look();
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return looking;
}
