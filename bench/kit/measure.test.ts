import { describe, expect, it } from 'vitest';
import { median, quantile, rounded } from './measure.ts';

describe('quantile', () => {
  it('is one of the samples, by nearest rank', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(samples, 0.5)).toBe(50);
    expect(quantile(samples, 0.99)).toBe(99);
    expect(quantile(samples, 1)).toBe(100);
    expect(quantile(samples, 0)).toBe(1);
  });

  it('does not reorder what it is given', () => {
    const samples = [3, 1, 2];
    expect(median(samples)).toBe(2);
    expect(samples).toEqual([3, 1, 2]);
  });

  it('of nothing is not a number', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe('rounded', () => {
  it('keeps four significant digits', () => {
    expect(rounded(0.000123456)).toBe(0.0001235);
    expect(rounded(123_456)).toBe(123_500);
  });
});
