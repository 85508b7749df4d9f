import { useState } from 'react';
import { useFolders } from './hooks/useFolders';
import { useJobs } from './hooks/useJobs';
import { usePendingChanges } from './hooks/usePendingChanges';
import { useRecovery } from './hooks/useRecovery';
import { Announcer } from './parts/Announcer';
import { DropZone } from './parts/DropZone';
import { Folders } from './parts/Folders';
import { Gallery } from './parts/Gallery';
import { Jobs } from './parts/Jobs';
import { Panel } from './parts/Panel';
import { StatusLight } from './parts/StatusLight';

export function App() {
  const [folder, setFolder] = useState(() => new URLSearchParams(location.search).get('folder') ?? 'summer-2026');
  useRecovery();
  const jobs = useJobs();
  const folders = useFolders();
  const { manifest, error, busy } = usePendingChanges(folder);

  const open = (name: string) => {
    const query = new URLSearchParams(location.search);
    query.set('folder', name);
    history.replaceState(null, '', `?${query}`);
    setFolder(name);
  };

  return (
    <>
      <header className="top">
        <h1>Photo jobs</h1>
        <StatusLight />
      </header>
      <main>
        <div className="folder">
          <Folders folders={folders} current={folder} open={open} />
          <DropZone key={folder} folder={folder} />
          <Gallery folder={folder} manifest={manifest} error={error} busy={busy} jobs={jobs} />
        </div>
        <div className="side">
          <Jobs jobs={jobs} />
          <Panel />
        </div>
      </main>
      <Announcer />
    </>
  );
}
