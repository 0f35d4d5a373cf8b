import { type Cancel, type Clock, type Failure, type Result, failure, minutes, ok } from '@hallhub/sync/base';
import type { Firmware, UpdateCommand, UpdateProgress } from '../../capabilities/index.ts';
import { type CommandLedger, type ListenerError, type Receipt, createEmitter, interrupted } from '../../kit/index.ts';
import type { ReaderIdentity } from './connect.ts';
import type { Peripheral } from './peripheral.ts';
import { sameBytes } from './secure-channel.ts';

/** A reader that is away in mid-transfer, or restarts with its new program, is waited for so long. */
const BACK_WITHIN = minutes(2);

/** The reader's program, replaced by file transfer. */
export function createFirmware(options: {
  readonly peripheral: Peripheral;
  readonly fileType: number;
  readonly clock: Clock;
  readonly ledger: CommandLedger;
  readonly onListenerError: ListenerError;
}): Firmware {
  const { peripheral, fileType, clock, ledger } = options;
  const progressed = createEmitter<UpdateProgress>(options.onListenerError);
  let progress: UpdateProgress = { state: 'idle', sent: 0, total: 0, at: clock.now() };
  let running: AbortController | undefined;
  /** A transfer that broke off, to be taken up where it was. */
  let brokenOff: { readonly image: Uint8Array; readonly confirmed: number } | undefined;

  let takenUpAt: number | undefined;
  const tell = (state: UpdateProgress['state'], sent: number, total: number): void => {
    progress = { state, sent, total, ...(takenUpAt !== undefined && { takenUpAt }), at: clock.now() };
    progressed.emit(progress);
  };
  const update = async (command: UpdateCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { image: source, version } = command.args;
    if (source.from !== 'bytes') return failure('E-DEV-0203', 'a reader cannot fetch its image by itself');
    const late = veto();
    if (late) return { ok: false, error: late };
    if (running) return failure('E-OSDP-0305');
    const image = source.bytes;
    running = new AbortController();
    const remembered = brokenOff && sameBytes(brokenOff.image, image) ? brokenOff.confirmed : command.args.resumeFrom;
    const from = Math.min(remembered ?? 0, image.length);
    let confirmed = from;
    takenUpAt = undefined;
    tell('sending', from, image.length);
    const watch = watchAway(running);
    const sent = await peripheral.sendFile({
      fileType,
      content: image,
      from,
      signal: running.signal,
      onProgress: (event) => {
        // What the reader confirms grows, unless it does not know what came before.
        if (event.confirmed < confirmed) takenUpAt = 0;
        else if (from > 0) takenUpAt ??= from;
        confirmed = event.confirmed;
        tell(confirmed === event.total ? 'installing' : 'sending', confirmed, event.total);
      },
    });
    running = undefined;
    watch.end();
    if (!sent.ok) {
      brokenOff = watch.hasGivenUp || sent.error.code.startsWith('E-DEV-010') ? { image, confirmed } : undefined;
      if (watch.hasGivenUp) {
        tell('failed', confirmed, image.length);
        return { ok: false, error: interrupted({ code: 'E-DEV-0102', detail: 'the reader did not come back' }) };
      }
      tell(sent.error.code === 'E-OSDP-0304' ? 'cancelled' : 'failed', confirmed, image.length);
      return sent;
    }
    brokenOff = undefined;
    const isBack = sent.value === 'rebooting' && (await comesBackWith(version));
    tell('done', image.length, image.length);
    return ok({ commandId: command.id, confirmation: isBack ? 'observed' : 'acknowledged', at: clock.now() });
  };
  /** Ends a transfer whose reader stays away: it is taken up by the next order, and nobody waits for it for ever. */
  const watchAway = (transfer: AbortController): { readonly hasGivenUp: boolean; end(): void } => {
    let hasGivenUp = false;
    let cancelTimer: Cancel | undefined;
    const stopListening = peripheral.onState(({ phase }) => {
      if (phase === 'online') {
        cancelTimer?.();
        cancelTimer = undefined;
      } else {
        cancelTimer ??= clock.after(BACK_WITHIN, () => {
          hasGivenUp = true;
          transfer.abort();
        });
      }
    });
    return {
      get hasGivenUp() {
        return hasGivenUp;
      },
      end: () => {
        cancelTimer?.();
        stopListening();
      },
    };
  };
  const comesBackWith = (version: string): Promise<boolean> =>
    new Promise((resolve) => {
      const finish = (is: boolean): void => {
        cancelTimer();
        stopListening();
        resolve(is);
      };
      const cancelTimer = clock.after(BACK_WITHIN, () => {
        finish(false);
      });
      const stopListening = peripheral.onState((state) => {
        if (state.phase === 'online') finish(versionOf(state.connection.identity) === version);
        else if (state.phase === 'stopped') finish(false);
      });
      peripheral.reconnect();
    });

  return {
    update: (command) => ledger.run(command, (veto) => update(command, veto)),
    cancel: (command) =>
      ledger.run(command, () => {
        running?.abort();
        return Promise.resolve(ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }));
      }),
    source: () => Promise.resolve(ok({ from: 'bytes' })),
    installed: () => Promise.resolve(installed(peripheral)),
    progress: () => Promise.resolve(ok(progress)),
    onProgress: progressed.on,
  };
}

function installed(peripheral: Peripheral): Result<{ version: string; model: string; serial: string }> {
  const { state } = peripheral;
  const identity = state.phase === 'online' ? state.connection.identity : undefined;
  const version = versionOf(identity);
  if (!identity || version === undefined) return failure('E-DEV-0102', 'the reader has not said who it is');
  const vendor = Buffer.from(identity.vendor).toString('hex');
  return ok({ version, model: `${vendor}-${identity.model}.${identity.version}`, serial: String(identity.serial) });
}

function versionOf(identity: ReaderIdentity | undefined): string | undefined {
  return identity?.firmware.join('.');
}
