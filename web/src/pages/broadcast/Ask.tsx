/** A question before something is done that cannot be undone. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    makeStyles,
    Spinner,
    tokens,
} from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Trouble } from "../../ui/Trouble";

const useStyles = makeStyles({
    content: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
    wide: { maxWidth: "960px" },
    button: { whiteSpace: "nowrap" },
});

type Props = {
    title: string;
    children: ReactNode;
    yes: string;
    no?: string;
    /** Whether it can be said yet. */
    isReady: boolean;
    isPending: boolean;
    error: unknown;
    act: () => void;
    close: () => void;
    isWide?: boolean;
};

export function Ask({ title, children, yes, no, isReady, isPending, error, act, close, isWide }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <Dialog
            open
            onOpenChange={(_, { open, type }) => {
                // A click beside it must not throw away what was written in it.
                if (!open && !isPending && !(isWide && type === "backdropClick")) close();
            }}
        >
            <DialogSurface className={isWide ? styles.wide : undefined}>
                <DialogBody>
                    <DialogTitle>{title}</DialogTitle>
                    <DialogContent className={styles.content}>
                        {children}
                        <Trouble error={error} />
                    </DialogContent>
                    <DialogActions>
                        <Button className={styles.button} onClick={close} disabled={isPending}>
                            {no ?? t("common.cancel")}
                        </Button>
                        <Button
                            className={styles.button}
                            appearance="primary"
                            disabledFocusable={!isReady || isPending}
                            icon={isPending ? <Spinner size="tiny" /> : undefined}
                            onClick={act}
                        >
                            {yes}
                        </Button>
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
}
