export { type Saying, type Voices, announcement } from './announcement.ts';
export { type Piece, clipsFor, forSpeech } from './clips.ts';
export { voiceCodes } from './codes.ts';
export { espeak } from './espeak.ts';
export { folderPack } from './folder-pack.ts';
export { atVolume, chime, joined, lengthOf, resampled, silence, trimmed } from './join.ts';
export type { Synthesis, VoicePack } from './ports.ts';
export { type VoiceSettings, voiceSettings } from './settings.ts';
export { type Sound, readWav, writeWav } from './wav.ts';
