export { type HttpHall, type HttpHallOptions, createHttpHall } from './http-hall.ts';
export { type Transfer, createTransfer } from './transfer.ts';
