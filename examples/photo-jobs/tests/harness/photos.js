// Real photos: drawn, and encoded by the browser's own encoders.

/** A file as `setInputFiles` takes it. */
export async function photo(page, name, width, height, mimeType = 'image/jpeg') {
  const base64 = await page.evaluate(draw, { width, height, mimeType, seed: name.length + width });
  return { name, mimeType, buffer: Buffer.from(base64, 'base64') };
}

async function draw({ width, height, mimeType, seed }) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, `hsl(${(seed * 47) % 360} 70% 60%)`);
  sky.addColorStop(1, `hsl(${(seed * 47 + 60) % 360} 70% 85%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  for (let hill = 0; hill < 5; hill += 1) {
    context.fillStyle = `hsl(${(seed * 31 + hill * 25) % 360} 40% ${55 - hill * 9}%)`;
    context.beginPath();
    context.ellipse(
      ((hill * 0.31 + seed * 0.07) % 1) * width,
      height,
      width * 0.5,
      height * (0.6 - hill * 0.1),
      0,
      0,
      7,
    );
    context.fill();
  }
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, mimeType, 0.9));
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(',') + 1);
}

/** By the button, as a person does. */
export async function choose(page, files) {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose photos' }).click();
  await (await chooser).setFiles(files);
}

/** Waits until so many photos of the gallery have come to this end. */
export async function gallery(page, count, status = 'completed') {
  await page
    .locator(`.gallery li[data-status=${status}]`)
    .nth(count - 1)
    .waitFor();
}
