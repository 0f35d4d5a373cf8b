export { type HttpHall, type HttpHallOptions, createHttpHall } from './http-hall.ts';
