import { useConnectionStatus } from '@tidings/react';

export function Light() {
  const status = useConnectionStatus((snapshot) => snapshot.status);
  return <p id="light">{status}</p>;
}
