import type { Result } from '@hallhub/sync/base';
import type { Sound } from './wav.ts';

/** Speech synthesis. Errors: `E-VOICE-0201` not installed, `E-VOICE-0202` failed. */
export type Synthesis = (text: string, voice: string) => Promise<Result<Sound>>;

/** Recorded clips in folders, one for each language and dialect. */
export interface VoicePack {
  /** The names of a folder's clips; none for a folder that is not there. */
  names(folder: string): Promise<ReadonlySet<string>>;
  /** Errors: `E-VOICE-0101` for what is no WAV, or cannot be read. */
  clip(folder: string, name: string): Promise<Result<Sound>>;
  /** The installation's own chime; undefined where it has none. */
  chime(): Promise<Result<Sound> | undefined>;
}
