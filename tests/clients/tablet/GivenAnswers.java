package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.xform.util.XFormAnswerDataParser;

/**
 * Answers from the answers file.
 *
 * <p>{@code {"formId": {"/data/name": "x", "/data/rep": 2, "/data/rep[2]/age": 5, "/data/select": ["a", "b"],
 * "/data/photo": {"name": "p.jpg", "bytes": 9000}, "/data/empty": null}}}: a number for a repeat is how many, a text
 * for a photo is a path.
 */
final class GivenAnswers {
    private final int mediaBytes;
    private final Random random;

    GivenAnswers(Options options, Random random) {
        this.mediaBytes = options.mediaBytes;
        this.random = random;
    }

    IAnswerData answer(Filling filling, FormEntryPrompt prompt, List<SelectChoice> choices, JsonNode wanted)
        throws IOException {
        if (choices != null) return selection(filling, prompt, choices, wanted);
        if (RandomAnswers.isFile(prompt)) return file(filling, wanted);
        return XFormAnswerDataParser.getAnswerData(wanted.asText(), prompt.getDataType(), prompt.getQuestion());
    }

    private static IAnswerData selection(Filling filling, FormEntryPrompt prompt, List<SelectChoice> choices,
        JsonNode wanted) {
        boolean isOne = prompt.getControlType() == Constants.CONTROL_SELECT_ONE;
        List<Selection> selections = new ArrayList<>();
        for (String code : codes(wanted, isOne)) {
            SelectChoice hit = choices.stream().filter(choice -> choice.getValue().equals(code)).findFirst()
                .orElse(null);
            if (hit == null) filling.problem(prompt.getIndex().getReference(), "no such choice: " + code);
            selections.add(hit != null ? new Selection(hit) : new Selection(code));
        }
        return isOne ? new SelectOneData(selections.get(0)) : new SelectMultiData(selections);
    }

    private static List<String> codes(JsonNode wanted, boolean isOne) {
        List<String> codes = new ArrayList<>();
        if (wanted.isArray()) wanted.forEach(code -> codes.add(code.asText()));
        else if (isOne) codes.add(wanted.asText());
        else codes.addAll(Arrays.asList(wanted.asText().trim().split("\\s+")));
        return codes;
    }

    private IAnswerData file(Filling filling, JsonNode wanted) throws IOException {
        Path source = wanted.isObject() ? null : Path.of(wanted.asText());
        String name = source == null ? wanted.path("name").asText("file.bin") : Disk.name(source);
        Path file = filling.folder().resolve(name);
        if (source == null) Disk.write(file, bytes(wanted.path("bytes").asInt(mediaBytes)));
        else if (Files.exists(source)) Disk.copy(source, file);
        else filling.problems.add("no file " + source);
        filling.files++;
        return new StringData(name);
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
