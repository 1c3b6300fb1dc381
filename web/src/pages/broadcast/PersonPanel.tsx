/** One person at the side: where they stand, what helps, and everything that was tried. */

import {
    Body1,
    Button,
    Caption1,
    DrawerBody,
    DrawerHeader,
    DrawerHeaderTitle,
    makeStyles,
    OverlayDrawer,
    Subtitle2,
    Text,
    tokens,
} from "@fluentui/react-components";
import { DismissRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { keys } from "../../api/queries";
import type { Delivery, Tried } from "../../api/types";
import { format } from "../../ui/format";
import { Loading } from "../../ui/Loading";
import { useReason } from "../../ui/reason";
import { Trouble } from "../../ui/Trouble";
import type { en } from "../../words/broadcast/people";
import type { Kind } from "./Bar";
import { Stand } from "./PeopleTable";

const useStyles = makeStyles({
    drawer: { width: "440px", maxWidth: "100vw" },
    body: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
    block: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXXS },
    faint: { color: tokens.colorNeutralForeground3, overflowWrap: "anywhere" },
    list: { listStyleType: "none", margin: 0, padding: 0 },
    tried: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalXXS,
        padding: `${tokens.spacingVerticalM} 0`,
        borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    },
    heading: { margin: `${tokens.spacingVerticalM} 0 0` },
});

type Props = { id: string; person: Delivery | undefined; kind: Kind; close: () => void };

export function PersonPanel({ id, person, kind, close }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <OverlayDrawer
            className={styles.drawer}
            position="end"
            open={person !== undefined}
            onOpenChange={(_, { open }) => !open && close()}
            aria-label={person && t("broadcast.person.open", { name: person.name })}
        >
            <DrawerHeader>
                <DrawerHeaderTitle
                    action={
                        <Button
                            appearance="subtle"
                            icon={<DismissRegular />}
                            aria-label={t("broadcast.person.one.close")}
                            onClick={close}
                        />
                    }
                >
                    {person?.name}
                </DrawerHeaderTitle>
            </DrawerHeader>
            <DrawerBody>{person && <History id={id} person={person} kind={kind} />}</DrawerBody>
        </OverlayDrawer>
    );
}

function History({ id, person, kind }: { id: string; person: Delivery; kind: Kind }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const inWords = useReason();
    const query = useQuery({
        queryKey: [...keys.deliveries(id), "one", person.id],
        queryFn: ({ signal }) =>
            data(
                api.GET("/api/v1/broadcasts/{id}/deliveries/{person}", {
                    params: { path: { id, person: person.id } },
                    signal,
                }),
            ),
    });
    const words = person.reason ? inWords(person.reason, person) : undefined;
    const tried = query.data?.tried;
    return (
        <div className={styles.body}>
            <div className={styles.block}>
                <Stand delivery={person} kind={kind} />
                {words && <Body1>{words.sentence}</Body1>}
                {words?.remedy && (
                    <Text className={styles.faint}>
                        {t("broadcast.result.remedy")} {words.remedy}
                    </Text>
                )}
            </div>
            <Caption1 className={styles.faint}>{person.user_principal_name}</Caption1>
            <Subtitle2 as="h3" className={styles.heading}>
                {t("broadcast.person.one.attempts")}
            </Subtitle2>
            {query.error && <Trouble error={query.error} onRetry={() => void query.refetch()} />}
            {query.isPending && <Loading />}
            {tried?.length === 0 && (
                <Text>
                    {t(person.state === "skipped" ? "broadcast.person.one.ruled_out" : "broadcast.person.one.none")}
                </Text>
            )}
            {tried && tried.length > 0 && (
                <ol className={styles.list}>
                    {tried.map((one) => (
                        <Attempt key={`${one.round} ${one.attempt} ${one.started_at}`} tried={one} />
                    ))}
                </ol>
            )}
        </div>
    );
}

type Words = typeof en.one;

function Attempt({ tried }: { tried: Tried }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const inWords = useReason();
    const took = Date.parse(tried.ended_at) - Date.parse(tried.started_at);
    const step = tried.step
        ? t(`broadcast.person.one.step.${tried.step as keyof Words["step"]}`, { defaultValue: tried.step })
        : t("broadcast.person.one.decision");
    const outcome =
        tried.outcome &&
        t(`broadcast.person.one.outcome.${tried.outcome as keyof Words["outcome"]}`, { defaultValue: tried.outcome });
    const facts = [
        format.second(tried.started_at),
        t(`broadcast.person.one.round.${tried.round}`),
        typeof tried.status === "number" && t("broadcast.person.one.status", { status: tried.status }),
        tried.step && t("broadcast.person.one.ms", { count: took }),
    ].filter(Boolean);
    return (
        <li className={styles.tried}>
            <Text>
                <strong>{step}</strong>
                {outcome && `${t("common.colon")} ${outcome}`}
            </Text>
            {tried.reason && <Text>{inWords(tried.reason, tried).sentence}</Text>}
            <Caption1 className={styles.faint}>{facts.join(" · ")}</Caption1>
            {tried.request && (
                <Caption1 className={styles.faint}>
                    {t("broadcast.person.one.request")}
                    {t("common.colon")} <code>{tried.request}</code>
                </Caption1>
            )}
        </li>
    );
}
