export { type Result, type Failure, type Code, FailureError, ok, err, failure, unwrap } from './result.ts';
export { type Catalogue, type CodeText, defineCodes } from './codes.ts';
export {
  type Cancel,
  type Clock,
  type ClockOrigin,
  type RunMode,
  type SteerableClock,
  type SystemClockOptions,
  sleep,
  steerableClock,
  systemClock,
} from './clock.ts';
export { type ManualClock, manualClock } from './manual-clock.ts';
export {
  type EpochMs,
  type MonoMs,
  type DurationMs,
  epochMs,
  ms,
  seconds,
  minutes,
  hours,
  plus,
  iso,
  parseInstant,
} from './time.ts';
export { type RandomBytes, systemRandom, fraction, uuidv7 } from './ids.ts';
