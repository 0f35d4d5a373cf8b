export { type FeedLog, type Lane, type LogEntry } from './log.ts';
export { type Feed, type FeedImage, type FeedRead, createFeed } from './feed.ts';
