import {
    BookmarkRegular,
    FilterRegular,
    GlobeRegular,
    HistoryRegular,
    PeopleRegular,
    PeopleTeamRegular,
    PersonProhibitedRegular,
    PersonRegular,
    TextBulletListSquareRegular,
} from "@fluentui/react-icons";
import type { Chip } from "./expression";

const ICONS = {
    everyone: GlobeRegular,
    group: PeopleRegular,
    team: PeopleTeamRegular,
    list: TextBulletListSquareRegular,
    person: PersonRegular,
    saved: BookmarkRegular,
    attribute: FilterRegular,
    flag: PersonProhibitedRegular,
    broadcast: HistoryRegular,
} as const;

export function ChipIcon({ kind }: { kind: Chip["kind"] }) {
    const Icon = ICONS[kind];
    return <Icon aria-hidden />;
}
