export { type Attendance, type AttendanceDeps, createAttendance } from './service.ts';
export { attendanceSchema } from './schema.ts';
export { attendanceCodes } from './codes.ts';
export { attendanceRoutes } from './routes.ts';
export { attendanceSummary } from './summary.ts';
