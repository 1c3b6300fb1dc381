/** Sending, from top to bottom: what, to whom, when, how; try it first; and then the button. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { useDryRun } from "./audience/dryRun";
import { useDraft } from "./draft";
import { How } from "./send/How";
import { useLacking } from "./send/lacking";
import { Release } from "./send/Release";
import { Try } from "./send/Try";
import { What } from "./send/What";
import { When } from "./send/When";
import { Whom } from "./send/Whom";

const WIDE = "@media (min-width: 1000px)";

const useStyles = makeStyles({
    page: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 1fr)",
        columnGap: tokens.spacingHorizontalXXXL,
        alignItems: "start",
        [WIDE]: { gridTemplateColumns: "minmax(0, 1fr) 400px" },
    },
    // First to whoever reads, beside all that follows where there is room.
    what: { [WIDE]: { gridColumn: 2, gridRow: 1, position: "sticky", top: tokens.spacingVerticalL } },
    rest: { [WIDE]: { gridColumn: 1, gridRow: 1 } },
});

export function Send() {
    const styles = useStyles();
    const counted = useDryRun();
    const { validation, isReadOnly } = useDraft();
    const lacks = useLacking(counted);
    const areWordsRight = validation !== undefined && !lacks.some(({ step }) => step === "words");
    return (
        <div className={styles.page}>
            <div className={styles.what}>
                <What />
            </div>
            <div className={styles.rest}>
                <Whom counted={counted} />
                <When ofHour={counted.ofHour} />
                <How />
                {!isReadOnly && <Try canTry={areWordsRight} />}
                <Release counted={counted} lacks={lacks} />
            </div>
        </div>
    );
}
