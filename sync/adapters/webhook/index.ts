export {
  type Hint,
  type HintVerdict,
  type HintVerifier,
  type HintVerifierOptions,
  createHintVerifier,
  signHint,
} from './webhook.ts';
