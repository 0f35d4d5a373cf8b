export {
  type Answerer,
  type Asker,
  type AskOptions,
  type MethodHandler,
  type SendMessage,
  createAnswerer,
  createAsker,
} from './ask.ts';
export { type Answer, type Ask, type Method, MESSAGE_LIMIT, answerSchema, askSchema } from './messages.ts';
export { askedFeed, feedMethods } from './feed.ts';
export { type EventReceiver, type SenderClock, askedSink, askerIn, eventMethods } from './events.ts';
