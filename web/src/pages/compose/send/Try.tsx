/** Before everybody reads it: to oneself, or to a few who know that it is a test. */

import {
    Body1,
    Button,
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    tokens,
} from "@fluentui/react-components";
import { PersonRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../../api/client";
import { isPassing } from "../../../api/problem";
import { useMe } from "../../../session/Session";
import { usePeople } from "../../../ui/format";
import { PathLink } from "../../../ui/PathLink";
import { Trouble } from "../../../ui/Trouble";
import { useDraft } from "../draft";
import { type Chosen, PeoplePicker } from "./PeoplePicker";
import { Section } from "./Section";

/** The server takes no more. */
const PEOPLE_MAX = 10;

const useStyles = makeStyles({
    actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
    few: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalM,
        alignItems: "flex-start",
        alignSelf: "stretch",
        maxWidth: "560px",
        "> :first-child": { alignSelf: "stretch" },
    },
    told: { alignSelf: "stretch" },
});

export function Try({ canTry }: { canTry: boolean }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const inWords = usePeople();
    const { document, manuscript, settled } = useDraft();
    const { who } = useMe();
    const [isFew, setFew] = useState(false);
    const [people, setPeople] = useState<Chosen[]>([]);
    // One for the same people and words, until it is known that they have it.
    const asked = useRef({ subject: "", key: "" });
    const {
        mutate,
        isPending,
        error,
        data: trial,
        variables,
        reset,
    } = useMutation({
        mutationFn: async (people: string[]) => {
            const subject = JSON.stringify([people, await settled()]);
            if (asked.current.subject !== subject) asked.current = { subject, key: intention() };
            const params = { path: { id: document.id }, header: { "Idempotency-Key": asked.current.key } };
            return data(api.POST("/api/v1/broadcasts/{id}/test", { params, body: { people } }));
        },
        onSettled: (_, error) => {
            if (!isPassing(error)) asked.current = { subject: "", key: "" };
        },
    });
    return (
        <Section title={t("send.try.title")}>
            <Body1>{t(manuscript.channel === "team_channel" ? "send.try.text_posts" : "send.try.text")}</Body1>
            <div className={styles.actions}>
                {who.kind === "person" && (
                    <Button
                        icon={<PersonRegular />}
                        disabledFocusable={!canTry || isPending}
                        onClick={() => mutate([who.principal_name])}
                    >
                        {t("send.try.me")}
                    </Button>
                )}
                {!isFew && <Button onClick={() => setFew(true)}>{t("send.try.few")}</Button>}
            </div>
            {!canTry && <Body1>{t("send.try.not_yet")}</Body1>}
            {isFew && (
                <div className={styles.few}>
                    <PeoplePicker
                        label={t("send.try.whom")}
                        hint={t("send.try.whom_hint", { count: PEOPLE_MAX })}
                        people={people}
                        max={PEOPLE_MAX}
                        onChange={(people) => {
                            setPeople(people);
                            reset();
                        }}
                    />
                    <Button
                        disabledFocusable={!canTry || isPending || people.length === 0}
                        onClick={() => mutate(people.map((it) => it.user_principal_name))}
                    >
                        {people.length === 0
                            ? t("send.try.send_none")
                            : t("send.try.send_few", { people: inWords(people.length) })}
                    </Button>
                </div>
            )}
            <div role="status" className={styles.told}>
                {isPending && t("send.try.sending")}
                {trial && (
                    <MessageBar intent="success" layout="multiline">
                        <MessageBarBody>
                            <MessageBarTitle>
                                {t("send.try.sent", { people: inWords(variables?.length ?? 1) })}
                            </MessageBarTitle>{" "}
                            {t("send.try.look")}{" "}
                            <PathLink to={`/broadcasts/${trial.id}`}>{t("send.try.watch")}</PathLink>
                        </MessageBarBody>
                    </MessageBar>
                )}
            </div>
            <Trouble error={error} />
        </Section>
    );
}
