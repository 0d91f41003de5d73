package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Random;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.xpath.XPathConditional;

/** Answers one question: as the answers file says, else at random until the form's constraint is satisfied. */
final class Questions {
    private static final int MAX_ATTEMPTS = 300;
    private static final double KEEP_DEFAULT = 0.7;
    private static final double KEEP_IN_EDIT = 0.7; // an edit changes a few answers

    /** How much the person wants to answer: going through, changing a few answers, or made to by validation. */
    enum Effort { NEW, EDIT, REPAIR }

    private final Random random;
    private final double skip;
    private final Tables tables;
    private final GivenAnswers given;
    private final RandomAnswers candidates;

    Questions(Options options, Engine engine) {
        Random random = new Random(options.seed);
        this.random = random;
        this.skip = options.skip;
        this.tables = engine.tables();
        this.given = new GivenAnswers(options, random);
        this.candidates = new RandomAnswers(options, random);
    }

    int upTo(int most) {
        return 1 + random.nextInt(most);
    }

    void answer(Filling filling, Effort effort) throws Exception {
        FormIndex index = filling.controller.getModel().getFormIndex();
        FormEntryPrompt prompt = filling.controller.getModel().getQuestionPrompt(index);
        JsonNode wanted = filling.wanted(index.getReference());
        if (prompt.isReadOnly()) filling.skip("read-only");
        else if (wanted != null) answerAsGiven(filling, prompt, wanted);
        else if (wantsToAnswer(filling, prompt, effort)) answerAtRandom(filling, prompt);
    }

    private void answerAsGiven(Filling filling, FormEntryPrompt prompt, JsonNode wanted) throws Exception {
        FormIndex index = prompt.getIndex();
        if (wanted.isNull()) {
            filling.controller.answerQuestion(index, null, true);
            return;
        }
        IAnswerData answer = given.answer(filling, prompt, choices(filling, prompt), wanted);
        int result = filling.controller.answerQuestion(index, answer, true);
        if (result != FormEntryController.ANSWER_OK)
            filling.problem(index.getReference(), "the given answer is refused ("
                + (result == FormEntryController.ANSWER_REQUIRED_BUT_EMPTY ? "required" : "constraint") + ")");
        filling.answered++;
    }

    private boolean wantsToAnswer(Filling filling, FormEntryPrompt prompt, Effort effort) {
        if (effort == Effort.REPAIR) return true;
        if (effort == Effort.EDIT && random.nextDouble() < KEEP_IN_EDIT) return false;
        if (prompt.getAnswerValue() != null && random.nextDouble() < KEEP_DEFAULT) return false;
        if (prompt.isRequired() || random.nextDouble() >= skip) return true;
        filling.skip("optional");
        return false;
    }

    private void answerAtRandom(Filling filling, FormEntryPrompt prompt) throws Exception {
        FormIndex index = prompt.getIndex();
        List<SelectChoice> choices = choices(filling, prompt);
        String constraint = constraint(filling, index.getReference());
        IAnswerData before = prompt.getAnswerValue();
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            IAnswerData candidate = candidates.make(filling, prompt, choices, constraint, attempt);
            if (candidate == null) {
                cannotAnswer(filling, prompt, choices);
                return;
            }
            if (filling.controller.answerQuestion(index, candidate, true) == FormEntryController.ANSWER_OK) {
                filling.answered++;
                return;
            }
        }
        filling.controller.answerQuestion(index, before, true);
        filling.problem(index.getReference(), "no answer found that satisfies: " + constraint);
    }

    private static void cannotAnswer(Filling filling, FormEntryPrompt prompt, List<SelectChoice> choices) {
        filling.skip(choices != null && choices.isEmpty() ? "no choices" : "type " + prompt.getDataType() + "/"
            + prompt.getControlType());
        if (prompt.isRequired())
            filling.problem(prompt.getIndex().getReference(), "required, but no answer can be made");
    }

    /** The choices of a select or rank, null for other questions. */
    private List<SelectChoice> choices(Filling filling, FormEntryPrompt prompt) throws Exception {
        return switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE, Constants.CONTROL_SELECT_MULTI, Constants.CONTROL_RANK ->
                tables.choices(filling.definition, prompt);
            default -> null;
        };
    }

    private static String constraint(Filling filling, TreeReference reference) {
        TreeElement element = filling.definition.getMainInstance().resolveReference(reference);
        if (element == null || element.getConstraint() == null) return null;
        Object constraint = element.getConstraint().constraint;
        if (!(constraint instanceof XPathConditional xpath)) return String.valueOf(constraint);
        return xpath.xpath != null ? xpath.xpath : xpath.getExpr().toString();
    }
}
