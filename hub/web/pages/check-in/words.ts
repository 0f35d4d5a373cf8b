import type { CheckInMethod } from '../../../api/types.ts';
import type { Text } from '../../kit/i18n.ts';

export const METHODS: Readonly<Record<CheckInMethod, Text>> = {
  'campus-code': { zh: '校园码', en: 'Campus code' },
  'resident-id': { zh: '身份证号', en: 'Resident ID number' },
  'campus-card': { zh: '校园卡号', en: 'Campus card UID' },
  face: { zh: '人脸终端人员编号', en: 'Id at the face terminal' },
  'looked-up': { zh: '学号', en: 'Student number' },
};

/** The same for what was shown to a device. */
export const SHOWN: Readonly<Record<CheckInMethod, Text>> = {
  'campus-code': { zh: '扫码', en: 'Code' },
  'resident-id': { zh: '身份证', en: 'Resident ID' },
  'campus-card': { zh: '校园卡', en: 'Campus card' },
  face: { zh: '人脸终端', en: 'Face terminal' },
  'looked-up': { zh: '学号', en: 'Student number' },
};
