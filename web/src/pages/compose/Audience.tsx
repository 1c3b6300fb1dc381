/** Whom the announcement is for: who gets it, who does not, and how many people that is. */

import {
    Button,
    Checkbox,
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    tokens,
} from "@fluentui/react-components";
import {
    BookmarkAddRegular,
    DocumentArrowUpRegular,
    FilterAddRegular,
    TextEditStyleRegular,
} from "@fluentui/react-icons";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { format } from "../../ui/format";
import { DryRunPanel } from "./audience/DryRunPanel";
import { useDryRun } from "./audience/dryRun";
import { Faults } from "./audience/Faults";
import { InWords } from "./audience/InWords";
import { amiss } from "./audience/LinesLeftOut";
import { ListDialog } from "./audience/ListDialog";
import { Picker } from "./audience/Picker";
import { RuleDialog } from "./audience/RuleDialog";
import { SaveDialog } from "./audience/SaveDialog";
import { type Row, useAudience } from "./audience/useAudience";
import { useDraft } from "./draft";
import { Next } from "./Next";
import { StepLink } from "./send/StepLink";

const useStyles = makeStyles({
    page: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 1fr) 340px",
        gap: tokens.spacingHorizontalXXXL,
        alignItems: "start",
        "@media (max-width: 860px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    main: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXXL },
    beside: { position: "sticky", top: tokens.spacingVerticalL },
    actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
    include: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
});

type Asking =
    | { dialog: "list"; row: Row; pasted: string }
    | { dialog: "rule"; row: Row; value: string }
    | { dialog: "save" };

const ROWS: Row[] = ["include", "except"];

export function Audience() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, change, isReadOnly } = useDraft();
    const chosen = useAudience();
    const counted = useDryRun();
    const [asking, ask] = useState<Asking>();
    const [savedAs, setSavedAs] = useState<string>();
    const [wantsWords, setWantsWords] = useState(false);
    const { chips } = chosen;
    const isInWords = wantsWords || !chips;
    const onlyExcepts = chips?.include.length === 0 && chips.except.length > 0;
    const lines = Object.values(counted.run?.lists ?? {}).concat(counted.run ? [counted.run.list] : []);
    const linesAmiss = lines.reduce((sum, it) => sum + amiss(it), 0);
    const close = () => ask(undefined);

    if (manuscript.channel === "team_channel") {
        return (
            <div className={styles.page}>
                <div className={styles.main}>
                    <MessageBar layout="multiline">
                        <MessageBarBody>
                            {manuscript.post_to.length > 0
                                ? t("audience.in_channels", {
                                      count: manuscript.post_to.length,
                                      where: manuscript.post_to.join(", "),
                                  })
                                : t("audience.in_no_channels")}{" "}
                            <StepLink to="words">{t("audience.to_channels")}</StepLink>
                        </MessageBarBody>
                    </MessageBar>
                    <Faults faults={counted.faults} />
                    <Next step="send">{t("audience.next")}</Next>
                </div>
                <div className={styles.beside}>
                    <DryRunPanel counted={counted} />
                </div>
            </div>
        );
    }
    return (
        <div className={styles.page}>
            <div className={styles.main}>
                {isInWords ? (
                    <InWords
                        chosen={chosen}
                        faults={counted.faults}
                        isReadOnly={isReadOnly}
                        onBack={chips ? () => setWantsWords(false) : undefined}
                    />
                ) : (
                    ROWS.map((row) => (
                        <div key={row} className={styles.include}>
                            <Picker
                                row={row}
                                chips={chips[row]}
                                spare={Object.keys(chosen.spare)}
                                isReadOnly={isReadOnly}
                                onChange={(next) => chosen.choose({ ...chips, [row]: next })}
                                onPaste={(pasted) => ask({ dialog: "list", row, pasted })}
                                onRule={(value) => ask({ dialog: "rule", row, value })}
                            />
                            {row === "include" && !isReadOnly && (
                                <div className={styles.actions}>
                                    <Button
                                        icon={<FilterAddRegular />}
                                        onClick={() => ask({ dialog: "rule", row, value: "" })}
                                    >
                                        {t("audience.by_attribute")}
                                    </Button>
                                    <Button
                                        icon={<DocumentArrowUpRegular />}
                                        onClick={() => ask({ dialog: "list", row, pasted: "" })}
                                    >
                                        {t("audience.by_list")}
                                    </Button>
                                </div>
                            )}
                        </div>
                    ))
                )}
                {onlyExcepts ? (
                    <MessageBar intent="warning">
                        <MessageBarBody>{t("audience.only_excepts")}</MessageBarBody>
                    </MessageBar>
                ) : (
                    !isInWords && <Faults faults={counted.faults} />
                )}
                {linesAmiss > 0 && (
                    <MessageBar intent={manuscript.accept_partial ? "info" : "warning"} layout="multiline">
                        <MessageBarBody>
                            <MessageBarTitle>
                                {t("audience.partial.title", {
                                    count: linesAmiss,
                                    formatted: format.number(linesAmiss),
                                })}
                            </MessageBarTitle>{" "}
                            {t("audience.partial.text")}
                            <div>
                                <Checkbox
                                    checked={manuscript.accept_partial}
                                    disabled={isReadOnly}
                                    onChange={(_, { checked }) => change({ accept_partial: checked === true })}
                                    label={t("audience.partial.accept")}
                                />
                            </div>
                        </MessageBarBody>
                    </MessageBar>
                )}
                {!isReadOnly && (
                    <div className={styles.actions}>
                        <Button
                            appearance="subtle"
                            icon={<BookmarkAddRegular />}
                            disabledFocusable={chosen.words.trim() === "" || Object.keys(chosen.lists).length > 0}
                            title={Object.keys(chosen.lists).length > 0 ? t("audience.save.no_lists") : undefined}
                            onClick={() => ask({ dialog: "save" })}
                        >
                            {t("audience.save.button")}
                        </Button>
                        {!isInWords && (
                            <Button
                                appearance="subtle"
                                icon={<TextEditStyleRegular />}
                                onClick={() => setWantsWords(true)}
                            >
                                {t("audience.words.button")}
                            </Button>
                        )}
                    </div>
                )}
                <Next step="send">{t("audience.next")}</Next>
                <div role="status">{savedAs && t("audience.save.done", { name: savedAs })}</div>
            </div>
            <div className={styles.beside}>
                <DryRunPanel counted={counted} />
            </div>
            {asking?.dialog === "list" && <ListDialog {...asking} onClose={close} onAdd={chosen.addList} />}
            {asking?.dialog === "rule" && <RuleDialog {...asking} onClose={close} onAdd={chosen.add} />}
            {asking?.dialog === "save" && (
                <SaveDialog
                    expression={chosen.words}
                    onClose={close}
                    onSaved={(name) => {
                        setSavedAs(name);
                        close();
                    }}
                />
            )}
        </div>
    );
}
