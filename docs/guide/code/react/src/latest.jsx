import { useChannel } from '@tidings/react';
import { useState } from 'react';

export function Latest() {
  const [folder, setFolder] = useState('none yet');
  const state = useChannel('pending-changes', {
    manifest_changed: ({ data }) => setFolder(data.project_folder),
  });
  return (
    <p id="latest">
      Last changed folder: {folder} ({state})
    </p>
  );
}
