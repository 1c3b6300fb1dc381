/** Everybody of a broadcast: filtered, searched, a page at a time, and each with what was tried. */

import { Button, Field, makeStyles, SearchBox, Select, Text, tokens } from "@fluentui/react-components";
import { PeopleRegular } from "@fluentui/react-icons";
import { useDeferredValue, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { BroadcastDocument, Delivery, ReasonCount, RoundKind, Summary } from "../../api/types";
import { useCalm } from "../../ui/clockwork";
import { Empty } from "../../ui/Empty";
import { format } from "../../ui/format";
import { useReason } from "../../ui/reason";
import { Trouble } from "../../ui/Trouble";
import { Waiting } from "../broadcasts/Waiting";
import { word } from "./Bar";
import { countsOf, whomOf } from "./counted";
import { ExportMenu } from "./Exporting";
import { PeopleTable } from "./PeopleTable";
import { PersonPanel } from "./PersonPanel";
import { isMoving, OUTCOMES } from "./progress";
import { LIMIT, useDeliveries, useWanted, type Wanted } from "./useDeliveries";

const useStyles = makeStyles({
    filters: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "flex-end",
        gap: tokens.spacingHorizontalM,
        marginBottom: tokens.spacingVerticalL,
    },
    search: { width: "100%" },
    wide: { flexGrow: 1, minWidth: "220px", maxWidth: "320px" },
    reason: { flexGrow: 1, flexBasis: "220px", minWidth: 0, maxWidth: "320px" },
    select: { width: "100%", minWidth: 0, "> select": { maxWidth: "100%", textOverflow: "ellipsis" } },
    foot: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        justifyContent: "space-between",
        gap: tokens.spacingHorizontalM,
        marginTop: tokens.spacingVerticalL,
    },
    buttons: { display: "flex", gap: tokens.spacingHorizontalS },
    faded: { opacity: 0.6 },
});

/** The kinds of round that leave people somewhere of their own. */
const KINDS = ["correct", "recall", "notify", "prepare"] as const;

export function People({ document, report }: { document: BroadcastDocument; report: Summary }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { wanted, page, filter, next, previous } = useWanted();
    const query = useDeliveries(document.id, wanted, isMoving(report.state));
    const [person, setPerson] = useState<Delivery>();
    // What was pressed is answered before fifty people are drawn.
    const told = useDeferredValue(query.data);
    const deliveries = told?.deliveries;
    const { after: _, search, ...filters } = wanted;
    const isFiltered = Object.keys(filters).length > 0 || search !== undefined;
    const kind = wanted.kind as RoundKind | undefined;
    const whom = whomOf(report.channels);
    // What is drawn may be of the page before, or of what was looked for before.
    const isCurrent = told === query.data && !query.isPlaceholderData;
    const last = told?.next;
    // At the end everybody has been counted.
    const total =
        countOf(report, wanted) ?? (last || !page || !deliveries ? undefined : (page - 1) * LIMIT + deliveries.length);
    return (
        <>
            <div className={styles.filters}>
                <Search
                    label={t(`broadcast.person.${whom === "channels" ? "search_channels" : "search"}`)}
                    search={search ?? ""}
                    find={(search) => filter({ search }, true)}
                />
                <Choices report={report} wanted={wanted} filter={filter} />
                {/* Everybody is exported from the head of the page. */}
                {Object.keys(filters).length > 0 && (
                    <ExportMenu id={document.id} whom={filters} isSearched={search !== undefined} />
                )}
            </div>
            {query.error && <Trouble error={query.error} onRetry={() => void query.refetch()} />}
            {!deliveries && !query.error && <Waiting lines={10} />}
            {deliveries && deliveries.length === 0 && (
                <Empty
                    icon={<PeopleRegular />}
                    title={t("broadcast.person.none.title")}
                    text={t(`broadcast.person.none.${isFiltered ? "text" : nobody(report)}`)}
                >
                    {isFiltered && (
                        <Button onClick={() => filter(nothing(wanted))}>{t("broadcast.person.none.clear")}</Button>
                    )}
                </Empty>
            )}
            {deliveries && deliveries.length > 0 && (
                <div className={query.isPlaceholderData ? styles.faded : undefined}>
                    <PeopleTable deliveries={deliveries} open={setPerson} kind={kind} />
                    <nav className={styles.foot} aria-label={t("broadcast.person.pages")}>
                        <Text role="status">
                            <Range page={isCurrent ? page : undefined} shown={deliveries.length} total={total} />
                        </Text>
                        <div className={styles.buttons}>
                            <Button disabledFocusable={page === 1} onClick={() => page !== 1 && previous()}>
                                {t("broadcast.person.previous")}
                            </Button>
                            {/* From a page that is on its way there is no next one yet. */}
                            <Button
                                disabledFocusable={!last || !isCurrent}
                                onClick={() => last && isCurrent && next(last)}
                            >
                                {t("broadcast.person.next")}
                            </Button>
                        </div>
                    </nav>
                </div>
            )}
            <PersonPanel id={document.id} person={person} kind={kind} close={() => setPerson(undefined)} />
        </>
    );
}

const nothing = (wanted: Wanted): Wanted => ({
    ...wanted,
    state: undefined,
    reason: undefined,
    search: undefined,
    kind: undefined,
    channel: undefined,
});

/** Why there is nobody at all. */
const nobody = ({ state }: Summary) =>
    state === "cancelled"
        ? "nobody_ever"
        : state === "scheduled" || state === "missed"
          ? "nobody_before"
          : "nobody_yet";

/** How many there are in all, where the report tells. */
export function countOf(report: Summary, wanted: Wanted): number | undefined {
    if (wanted.search || wanted.kind || wanted.channel) return undefined;
    const state = wanted.state === "accepted" ? "sent" : wanted.state;
    if (wanted.reason) {
        const fitting = report.by_reason.filter(
            ({ code, settlement }) => code === wanted.reason && (!state || settlement === state),
        );
        return fitting.reduce((sum, { count }) => sum + count, 0);
    }
    return state ? report.progress[state as keyof Summary["progress"]] : report.progress.targeted;
}

function Range({ page, shown, total }: { page: number | undefined; shown: number; total: number | undefined }) {
    const { t } = useTranslation();
    if (page === undefined) return null;
    const from = (page - 1) * LIMIT + 1;
    const numbers = { from: format.number(from), to: format.number(from + shown - 1) };
    return total === undefined || total < from + shown - 1
        ? t("broadcast.person.range", numbers)
        : t("broadcast.person.range_of", { ...numbers, all: format.number(total) });
}

function Search({
    label,
    search,
    find,
}: {
    label: string;
    search: string;
    find: (search: string | undefined) => void;
}) {
    const styles = useStyles();
    const [typed, setTyped] = useState(search);
    const calm = useCalm(typed.trim());
    const [told, setTold] = useState(search);
    if (told !== search) {
        // The address changed by itself: back, forward, another filter.
        setTold(search);
        if (search !== typed.trim()) setTyped(search);
    }
    // biome-ignore lint/correctness/useExhaustiveDependencies: when typing rests, and not when the address changes.
    useEffect(() => {
        if (calm === typed.trim() && calm !== search) find(calm || undefined);
    }, [calm]);
    return (
        <Field className={styles.wide} label={label}>
            <SearchBox
                className={styles.search}
                maxLength={100}
                value={typed}
                onChange={(_, { value }) => setTyped(value)}
            />
        </Field>
    );
}

type ChoicesProps = { report: Summary; wanted: Wanted; filter: (patch: Wanted) => void };

function Choices({ report, wanted, filter }: ChoicesProps) {
    const { t } = useTranslation();
    const styles = useStyles();
    const inWords = useReason();
    const kinds = KINDS.filter((kind) => report.rounds.some((round) => round.kind === kind));
    const reasons = reasonsOf(report, wanted);
    return (
        <>
            {kinds.length > 0 && (
                <Field label={t("broadcast.person.kind")}>
                    <Select
                        value={wanted.kind ?? ""}
                        onChange={(_, { value }) =>
                            filter({ kind: value, channel: undefined, reason: undefined, state: undefined })
                        }
                    >
                        <option value="">{t("broadcast.person.telling")}</option>
                        {kinds.map((kind) => (
                            <option key={kind} value={kind}>
                                {t(`broadcast.person.${kind}`)}
                            </option>
                        ))}
                    </Select>
                </Field>
            )}
            <Field label={t("broadcast.person.state")}>
                <Select
                    value={wanted.state ?? ""}
                    onChange={(_, { value }) => filter({ state: value, reason: undefined })}
                >
                    <option value="">{t("broadcast.person.any_state")}</option>
                    {OUTCOMES.map((outcome) => (
                        <option key={outcome} value={outcome}>
                            {t(
                                `broadcast.result.${countsOf(report.channels)}.${word(outcome, report.channels, wanted.kind as RoundKind | undefined)}`,
                            )}
                        </option>
                    ))}
                </Select>
            </Field>
            {(reasons.length > 0 || wanted.reason) && (
                <Field label={t("broadcast.person.reason")} className={styles.reason}>
                    <Select
                        className={styles.select}
                        value={wanted.reason ?? ""}
                        onChange={(_, { value }) => filter({ reason: value })}
                    >
                        <option value="">{t("broadcast.person.any_reason")}</option>
                        {wanted.reason && !reasons.some(({ code }) => code === wanted.reason) && (
                            <option value={wanted.reason}>{inWords(wanted.reason).sentence}</option>
                        )}
                        {reasons.map((reason) => (
                            <option key={reason.code} value={reason.code}>
                                {inWords(reason.code, reason).sentence}
                            </option>
                        ))}
                    </Select>
                </Field>
            )}
        </>
    );
}

/** The reasons that there are, each once, of those in the state that is asked for. */
function reasonsOf(report: Summary, wanted: Wanted): ReasonCount[] {
    const afterwards = report.by_reason_afterwards?.find(
        ({ kind, channel }) => kind === wanted.kind && (!wanted.channel || channel === wanted.channel),
    );
    const listed = wanted.kind ? (afterwards?.by_reason ?? []) : report.by_reason;
    const fitting = listed.filter(({ settlement }) => !wanted.state || settlement === wanted.state);
    return [...new Map(fitting.map((reason) => [reason.code, reason])).values()];
}
