/** All announcements: drafts, and what became of those that were sent. */

import { Button, makeStyles, SearchBox, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { AddRegular, MegaphoneLoudRegular, SearchRegular } from "@fluentui/react-icons";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useMay } from "../../session/Session";
import { useCalm } from "../../ui/clockwork";
import { Empty } from "../../ui/Empty";
import { format } from "../../ui/format";
import { Page } from "../../ui/Page";
import { Trouble } from "../../ui/Trouble";
import { useTableStyles } from "../../ui/table";
import { useNewDraft } from "../compose/newDraft";
import { Announcements } from "./Rows";
import { useListed } from "./useListed";
import { VIEWS, type View, viewOf } from "./views";
import { Waiting } from "./Waiting";

const useStyles = makeStyles({
    filters: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        justifyContent: "space-between",
        gap: tokens.spacingHorizontalM,
        marginBottom: tokens.spacingVerticalL,
    },
    views: { flexWrap: "wrap", maxWidth: "100%", marginInlineStart: `calc(-1 * ${tokens.spacingHorizontalM})` },
    search: { flexGrow: 1, maxWidth: "280px", "@media (max-width: 640px)": { maxWidth: "none", width: "100%" } },
    more: { display: "flex", justifyContent: "center", padding: tokens.spacingVerticalL },
    faded: { opacity: 0.6 },
});

export function Broadcasts() {
    const { t } = useTranslation();
    const styles = useStyles();
    const [params, setParams] = useSearchParams();
    const view = viewOf(params.get("show"));
    const title = params.get("title") ?? "";
    const mayWrite = useMay("author", "admin");
    const draft = useNewDraft();
    const query = useListed(view, title);
    const listed = query.data?.pages.flatMap((page) => page.broadcasts);

    const go = (view: View, title: string, replace: boolean) => {
        const wanted = { ...(view !== "all" && { show: view }), ...(title && { title }) };
        setParams(wanted, { replace });
    };
    const start = (
        <Button
            appearance="primary"
            icon={<AddRegular />}
            disabledFocusable={draft.isStarting}
            onClick={() => draft.start()}
        >
            {t("common.new_announcement")}
        </Button>
    );
    const isWhole = view === "all" && title === "";
    const isFirst = isWhole && listed?.length === 0 && !query.isPlaceholderData;
    // Until it is known which of two pages this is, nothing is offered that might vanish under a finger or the focus.
    const isOpen = isWhole && !listed && !query.error;
    return (
        <Page title={t("broadcasts.title")} actions={mayWrite && !isFirst && !isOpen ? start : undefined}>
            <Trouble error={draft.error} onRetry={() => draft.start()} />
            {isOpen && <Waiting />}
            {isFirst && <First mayWrite={mayWrite} start={() => draft.start()} isStarting={draft.isStarting} />}
            {!isOpen && !isFirst && (
                <>
                    <div className={styles.filters}>
                        <TabList
                            className={styles.views}
                            selectedValue={view}
                            aria-label={t("broadcasts.show")}
                            onTabSelect={(_, { value }) => go(viewOf(String(value)), title, false)}
                        >
                            {(Object.keys(VIEWS) as View[]).map((view) => (
                                <Tab key={view} value={view} id={`view-${view}`} aria-controls="list">
                                    {t(`broadcasts.view.${view}`)}
                                </Tab>
                            ))}
                        </TabList>
                        <Search title={title} find={(title) => go(view, title, true)} />
                    </div>
                    <div role="tabpanel" id="list" aria-labelledby={`view-${view}`} tabIndex={listed?.length ? -1 : 0}>
                        {query.error && <Trouble error={query.error} onRetry={() => void query.refetch()} />}
                        {!listed && !query.error && <Waiting />}
                        {listed && (
                            <div className={query.isPlaceholderData ? styles.faded : undefined}>
                                {listed.length > 0 ? (
                                    <Announcements listed={listed} />
                                ) : (
                                    <None view={view} title={title} showAll={() => go("all", "", false)} />
                                )}
                            </div>
                        )}
                        {query.hasNextPage && (
                            <div className={styles.more}>
                                <Button
                                    onClick={() => void query.fetchNextPage()}
                                    disabledFocusable={query.isFetchingNextPage}
                                >
                                    {query.isFetchingNextPage ? t("broadcasts.more_loading") : t("broadcasts.more")}
                                </Button>
                            </div>
                        )}
                        {listed && !query.isPlaceholderData && <Told count={listed.length} isSearch={title !== ""} />}
                    </div>
                </>
            )}
        </Page>
    );
}

/** A search is told to whoever does not see the list change. */
function Told({ count, isSearch }: { count: number; isSearch: boolean }) {
    const { t } = useTranslation();
    const table = useTableStyles();
    return (
        <Text className={table.unseen} role="status">
            {isSearch ? t("broadcasts.shown", { count, formatted: format.number(count) }) : ""}
        </Text>
    );
}

function Search({ title, find }: { title: string; find: (title: string) => void }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const [typed, setTyped] = useState(title);
    const calm = useCalm(typed.trim());
    // Only what was typed is searched for; what the address says by itself (back, forward) is shown.
    const [told, setTold] = useState(title);
    if (told !== title) {
        setTold(title);
        if (title !== typed.trim()) setTyped(title);
    }
    // biome-ignore lint/correctness/useExhaustiveDependencies: when typing rests, and not when the address changes.
    useEffect(() => {
        if (calm === typed.trim() && calm !== title) find(calm);
    }, [calm]);
    return (
        <SearchBox
            className={styles.search}
            placeholder={t("broadcasts.search")}
            aria-label={t("broadcasts.search")}
            maxLength={200}
            value={typed}
            onChange={(_, { value }) => setTyped(value)}
        />
    );
}

function First({ mayWrite, start, isStarting }: { mayWrite: boolean; start: () => void; isStarting: boolean }) {
    const { t } = useTranslation();
    return (
        <Empty
            icon={<MegaphoneLoudRegular />}
            title={t("broadcasts.first.title")}
            text={mayWrite ? t("broadcasts.first.text") : t("broadcasts.first.reader")}
        >
            {mayWrite && (
                <Button appearance="primary" size="large" onClick={start} disabledFocusable={isStarting}>
                    {t("broadcasts.first.start")}
                </Button>
            )}
        </Empty>
    );
}

function None({ view, title, showAll }: { view: View; title: string; showAll: () => void }) {
    const { t } = useTranslation();
    return (
        <Empty
            icon={title ? <SearchRegular /> : <MegaphoneLoudRegular />}
            title={title ? t("broadcasts.none.search", { title }) : t(`broadcasts.none.${view}`)}
            text={title ? undefined : t("broadcasts.none.text")}
        >
            <Button onClick={showAll}>{t("broadcasts.none.show_all")}</Button>
        </Empty>
    );
}
