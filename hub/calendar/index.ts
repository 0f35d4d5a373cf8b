export {
  type CalendarConfig,
  type CampusClock,
  type CampusDay,
  type CampusTime,
  type DayKind,
  campusClock,
  campusInstant,
  neighbour,
} from './calendar.ts';
