import type { AreaConfig, AttendanceConfig, Label } from '../config/index.ts';
import type { Curfew } from '../gates/index.ts';

/** A building whose nights are looked at: its area's curfew and what attendance adds. */
export type Building = AttendanceConfig['buildings'][number] & { readonly curfew: Curfew; readonly label: Label };

/** The buildings of a configuration; one whose area has no curfew is refused when the file is read. */
export const buildingsOf = (
  { buildings }: Pick<AttendanceConfig, 'buildings'>,
  areas: readonly AreaConfig[],
): readonly Building[] =>
  buildings.flatMap((building) => {
    const area = areas.find(({ id }) => id === building.area);
    return area?.curfew ? [{ ...building, curfew: area.curfew, label: area.label }] : [];
  });
