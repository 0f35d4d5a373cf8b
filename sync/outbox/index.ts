export { type OutcomeSink, type SinkAnswers } from './sink.ts';
export { type DeadLetter, type NewAttachment, type OutboxCounts, type OutboxEvent, type OutboxStore } from './store.ts';
export { type NewEvent, type Outbox, type OutboxOptions, type OutboxStatus, type OutboxTuning } from './outbox.ts';
export { createOutbox } from './create.ts';
