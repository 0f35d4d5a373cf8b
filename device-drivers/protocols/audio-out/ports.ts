import type { Result } from '@hallhub/sync/base';
import type { Sound } from '../../voice/index.ts';

/** Where sound goes. */
export interface Sink {
  /**
   * Plays a sound; `done` settles when its last sample was played. Errors: `E-VOICE-0301` no player, `E-VOICE-0302` the output
   * does not play, `E-VOICE-0303` stopped.
   */
  play(sound: Sound): { readonly done: Promise<Result<void>>; stop(): void };
}
