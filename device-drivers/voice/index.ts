export { type Piece, clipsFor, forSpeech } from './clips.ts';
export { voiceCodes } from './codes.ts';
export { atVolume, chime, joined, lengthOf, resampled, silence, trimmed } from './join.ts';
export { type Sound, readWav, writeWav } from './wav.ts';
