// Upload a photo: what its job and its folder tell arrives over one stream, and the thumbnails are really there.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { photoTest, WAYS } from './harness/fixture.js';
import { choose, gallery, photo } from './harness/photos.js';

// Of one photo: started, four steps, completed; its manifest when it came, and when it was done.
const EVENTS_A_PHOTO = 8;
const PHOTO_BYTES_MAX = 25 * 1024 * 1024;

for (const via of WAYS) {
  photoTest('photos are uploaded, told of over one stream, and shown', { via }, async ({ server, open }) => {
    const page = await open();
    await choose(page, [
      await photo(page, 'beach.jpg', 2000, 1500),
      await photo(page, 'glass.png', 600, 300, 'image/png'),
    ]);
    await gallery(page, 2);
    await page.locator('.job[data-status=completed]').nth(1).waitFor();

    const sizes = {
      'beach.jpg': [
        [160, 120],
        [480, 360],
        [1280, 960],
      ],
      'glass.png': [
        [160, 80],
        [480, 240],
        [600, 300],
      ],
    };
    const { photos } = await server.manifest('album');
    for (const { name, thumbnails } of photos) {
      assert.deepEqual(
        thumbnails.map(({ width, height }) => [width, height]),
        sizes[name],
        name,
      );
      const real = thumbnails.map(({ file }) => pixelsOf(page, `/api/folders/album/thumbnails/${file}`));
      assert.deepEqual(await Promise.all(real), sizes[name], `${name}, as a browser decodes them`);
    }
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.gallery img')].every(({ naturalWidth }) => naturalWidth > 0),
    );

    const [connection, ...others] = await server.connections();
    assert.deepEqual(others, [], 'one tab, one connection');
    assert.deepEqual(connection.channels.toSorted(), ['jobs', 'pending-changes']);
    assert.equal(connection.events_sent, photos.length * EVENTS_A_PHOTO);
    assert.equal((await server.stats()).connections.active, 1);
  });
}

photoTest('a photo that another tab uploads appears', {}, async ({ server, open }) => {
  const [one, other] = [await open(), await open()];
  await choose(one, [await photo(one, 'beach.jpg', 300, 200)]);
  await gallery(other, 1);
  await other.locator('.job[data-status=completed]', { hasText: 'beach.jpg' }).waitFor();
  await other.getByRole('button', { name: 'Remove beach.jpg' }).click();
  await one.getByText('No photos in album yet.').waitFor();
  assert.equal((await server.stats()).connections.active, 2, 'one a tab');
});

photoTest('a broken photo fails, and says why; the others do not', {}, async ({ open }) => {
  const page = await open();
  const whole = await photo(page, 'beach.jpg', 800, 600, 'image/png');
  const broken = { ...whole, name: 'cut.png', buffer: whole.buffer.subarray(0, whole.buffer.length / 2) };
  await choose(page, [broken, { ...whole, name: 'whole.png' }]);
  await gallery(page, 1, 'failed');
  await gallery(page, 1, 'completed');
  await page.locator('.job.failed', { hasText: "can't be read as an image" }).waitFor();
  const announced = page.getByRole('log');
  await announced.getByText('cut.png failed').waitFor({ state: 'attached' });
  await announced.getByText('whole.png is ready').waitFor({ state: 'attached' });
});

photoTest('what is not taken is told by name, and why', {}, async ({ server, open }) => {
  const page = await open();
  const good = await photo(page, 'good.jpg', 30, 20);
  await choose(page, [
    good,
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Not a photo.') },
    // The browser takes it for what its name says; the server looks inside.
    { name: 'notes.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('Not a photo, whatever its name is.') },
  ]);
  const refused = page.getByRole('alert');
  await refused.getByText('2 photos were not taken').waitFor();
  await refused.getByText('notes.txt: it is not JPEG, PNG or WebP: save it as one of these').waitFor();
  await refused.getByText('notes.jpg: it is not JPEG, PNG or WebP: save it as one of these').waitFor();
  await gallery(page, 1);
  assert.equal((await server.manifest('album')).photos.length, 1);
  await refused.getByRole('button', { name: 'Close' }).click();
  await refused.getByText('not taken').waitFor({ state: 'detached' });

  const dir = await mkdtemp(join(tmpdir(), 'photo-jobs-'));
  try {
    await writeFile(join(dir, 'huge.jpg'), Buffer.alloc(PHOTO_BYTES_MAX + 1));
    await choose(page, join(dir, 'huge.jpg'));
    await refused.getByText('huge.jpg: a photo may have 25 MiB: make it smaller').waitFor();
  } finally {
    await rm(dir, { recursive: true });
  }
});

function pixelsOf(page, url) {
  return page.evaluate(async (url) => {
    const { width, height } = await createImageBitmap(await (await fetch(url)).blob());
    return [width, height];
  }, url);
}
