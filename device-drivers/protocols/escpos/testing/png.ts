import { PNG } from 'pngjs';
import type { Picture } from '../simulator/raster.ts';

/** Black on white, with a margin as the paper has one. */
export function toPng({ width, height, dots }: Picture, margin = 24): Buffer {
  const png = new PNG({ width: width + 2 * margin, height: height + 2 * margin });
  png.data.fill(0xff);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (dots[y * width + x] === 1)
        png.data.fill(0, ((y + margin) * png.width + x + margin) * 4, ((y + margin) * png.width + x + margin) * 4 + 3);
    }
  }
  return PNG.sync.write(png);
}
