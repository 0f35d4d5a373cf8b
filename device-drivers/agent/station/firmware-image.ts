import { type Result, failure, ok } from '@hallhub/sync/base';
import type { Firmware, UpdateCommand } from '../../capabilities/index.ts';

/**
 * Fetches an image and checks it: the bytes returned have this SHA-256 (hex). Errors: `E-DEV-0304` not to be had,
 * `E-DEV-0305` something else than what was ordered.
 */
export type FetchImage = (image: { readonly url: string; readonly sha256: string }) => Promise<Result<Uint8Array>>;

/**
 * The order as the device's driver takes it. An image is too long for a message of the broker, so the hub always orders an
 * agent's devices to fetch from an address; for a device that is fed by its driver the agent fetches, over the network and
 * with trust in nobody but the hub. Without a SHA-256 nothing is fetched: a reader at a door gets no unchecked program.
 */
export async function forDriver(
  firmware: Pick<Firmware, 'source'>,
  args: UpdateCommand['args'],
  fetchImage: FetchImage | undefined,
): Promise<Result<UpdateCommand['args']>> {
  const { image } = args;
  if (image.from === 'bytes') return ok(args);
  const source = await firmware.source();
  if (!source.ok) return source;
  if (source.value.from === 'url') return ok(args);
  if (!fetchImage) return failure('E-DEV-0304', 'nothing fetches images here');
  if (image.sha256 === undefined) return failure('E-DEV-0305', 'an image without its SHA-256 is not fetched');
  const bytes = await fetchImage({ url: image.url, sha256: image.sha256 });
  return bytes.ok ? ok({ ...args, image: { from: 'bytes', bytes: bytes.value } }) : bytes;
}
