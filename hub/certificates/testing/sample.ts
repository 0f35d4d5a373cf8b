import type { RenderInput } from '../templates/index.ts';
import { loadSample } from '../templates/index.ts';

export const issuer = {
  name: { zh: '示例大学', en: 'Example University' },
  office: { zh: '教务处', en: 'Office of Academic Affairs' },
  sealPurpose: '学籍证明专用章',
};

/** The sample of a shipped template, with everything else that stands on the paper. */
export function sampleInput(change: Partial<RenderInput> = {}): RenderInput {
  return {
    template: 'enrolment',
    version: 1,
    ...loadSample('enrolment', 1),
    issuer,
    certificateNumber: 'HH2026-000042',
    verificationCode: '7K3M-Q2XD-9FHP-04WT',
    verifyUrl: 'https://hall.example.edu.cn/verify',
    issuedOn: '2026-03-02',
    validUntil: '2026-09-02',
    ...change,
  };
}
