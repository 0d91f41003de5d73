package tablet;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.Random;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.RangeQuestion;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.BooleanData;
import org.javarosa.core.model.data.DateData;
import org.javarosa.core.model.data.DateTimeData;
import org.javarosa.core.model.data.DecimalData;
import org.javarosa.core.model.data.GeoPointData;
import org.javarosa.core.model.data.GeoShapeData;
import org.javarosa.core.model.data.GeoTraceData;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.IntegerData;
import org.javarosa.core.model.data.LongData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.TimeData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.form.api.FormEntryPrompt;

/** Makes a random answer for a question of any type; the later the attempt, the wider it looks. */
final class RandomAnswers {
    private static final long DAY = 86_400_000L;
    private static final byte[] JPEG = {-1, -40, -1, -32, 0, 16, 'J', 'F', 'I', 'F', 0}; // FF D8 FF E0 ..

    private final Random random;
    private final int mediaBytes;
    private final RandomText texts;

    RandomAnswers(Options options, Random random) {
        this.random = random;
        this.mediaBytes = options.mediaBytes;
        this.texts = new RandomText(random);
    }

    /** One candidate that fits the type and perhaps the constraint, or null when this tablet can make none. */
    IAnswerData make(Filling filling, FormEntryPrompt prompt, List<SelectChoice> choices, String constraint,
        int attempt) throws IOException {
        if (choices != null) return choices.isEmpty() ? null : select(prompt.getControlType(), choices, attempt);
        if (prompt.getControlType() == Constants.CONTROL_TRIGGER) return new StringData("OK");
        if (prompt.getControlType() == Constants.CONTROL_RANGE)
            return range((RangeQuestion) prompt.getQuestion(), prompt.getDataType());
        if (isFile(prompt)) return file(filling, prompt.getControlType());
        return value(prompt, constraint, attempt);
    }

    private IAnswerData value(FormEntryPrompt prompt, String constraint, int attempt) {
        return switch (prompt.getDataType()) {
            case Constants.DATATYPE_INTEGER -> new IntegerData((int) texts.number(constraint, attempt));
            case Constants.DATATYPE_LONG -> new LongData((long) texts.number(constraint, attempt));
            case Constants.DATATYPE_DECIMAL -> new DecimalData(decimal(texts.number(constraint, attempt), attempt));
            case Constants.DATATYPE_DATE -> new DateData(new Date(day(attempt)));
            case Constants.DATATYPE_DATE_TIME ->
                new DateTimeData(new Date(day(attempt) + random.nextInt(86_400) * 1000L));
            case Constants.DATATYPE_TIME -> new TimeData(new Date(random.nextInt(86_400) * 1000L));
            case Constants.DATATYPE_BOOLEAN -> new BooleanData(random.nextBoolean());
            case Constants.DATATYPE_GEOPOINT -> new GeoPointData(point());
            case Constants.DATATYPE_GEOTRACE ->
                new GeoTraceData(new GeoTraceData.GeoTrace(points(2 + random.nextInt(5))));
            case Constants.DATATYPE_GEOSHAPE -> shape();
            case Constants.DATATYPE_BINARY -> null;
            default -> new StringData(texts.make(prompt, constraint, attempt));
        };
    }

    private IAnswerData select(int control, List<SelectChoice> choices, int attempt) {
        if (control == Constants.CONTROL_SELECT_ONE)
            return new SelectOneData(choices.get(random.nextInt(choices.size())).selection());
        List<SelectChoice> chosen = new ArrayList<>(choices);
        Collections.shuffle(chosen, random);
        if (control == Constants.CONTROL_SELECT_MULTI) {
            int most = Math.min(chosen.size(), attempt > 20 ? 2 : 6);
            chosen = new ArrayList<>(chosen.subList(0, 1 + random.nextInt(most)));
            chosen.sort(Comparator.comparingInt(SelectChoice::getIndex));
        }
        List<Selection> selections = new ArrayList<>();
        for (SelectChoice choice : chosen) selections.add(choice.selection());
        return new SelectMultiData(selections);
    }

    private IAnswerData range(RangeQuestion range, int type) {
        BigDecimal step = range.getRangeStep().abs();
        BigDecimal low = range.getRangeStart().min(range.getRangeEnd());
        BigDecimal high = range.getRangeStart().max(range.getRangeEnd());
        int steps = high.subtract(low).divide(step, 0, RoundingMode.FLOOR).intValue();
        BigDecimal value = low.add(step.multiply(BigDecimal.valueOf(random.nextInt(steps + 1))));
        return type == Constants.DATATYPE_INTEGER ? new IntegerData(value.intValue())
            : new DecimalData(value.doubleValue());
    }

    static boolean isFile(FormEntryPrompt prompt) {
        return extension(prompt.getControlType()) != null;
    }

    private static String extension(int control) {
        return switch (control) {
            case Constants.CONTROL_IMAGE_CHOOSE -> ".jpg";
            case Constants.CONTROL_AUDIO_CAPTURE -> ".m4a";
            case Constants.CONTROL_VIDEO_CAPTURE -> ".mp4";
            case Constants.CONTROL_OSM_CAPTURE -> ".osm";
            case Constants.CONTROL_FILE_CAPTURE, Constants.CONTROL_UPLOAD -> ".pdf";
            default -> null;
        };
    }

    /** A file named as Collect does, milliseconds and extension; random bytes, with a JPEG's beginning if it is one. */
    private IAnswerData file(Filling filling, int control) throws IOException {
        String extension = extension(control), name = (System.currentTimeMillis() + filling.files) + extension;
        byte[] bytes = new byte[Math.max(16, mediaBytes)];
        random.nextBytes(bytes);
        if (extension.equals(".jpg")) System.arraycopy(JPEG, 0, bytes, 0, JPEG.length);
        Disk.write(filling.folder().resolve(name), bytes);
        filling.files++;
        return new StringData(name);
    }

    private double decimal(double number, int attempt) {
        return attempt % 2 == 0 ? Math.round((number - random.nextDouble()) * 100) / 100.0 : number;
    }

    private long day(int attempt) {
        int span = attempt < 50 ? 365 : attempt < 150 ? 3650 : 40_000;
        return (System.currentTimeMillis() / DAY + random.nextInt(2 * span + 1) - span) * DAY;
    }

    private double[] point() {
        double latitude = Math.round((random.nextDouble() * 120 - 60) * 1e6) / 1e6;
        double longitude = Math.round((random.nextDouble() * 360 - 180) * 1e6) / 1e6;
        return new double[] {latitude, longitude, random.nextInt(3000), 4.5};
    }

    private ArrayList<double[]> points(int count) {
        ArrayList<double[]> points = new ArrayList<>();
        for (int i = 0; i < count; i++) points.add(point());
        return points;
    }

    private IAnswerData shape() {
        ArrayList<double[]> corners = points(3 + random.nextInt(4));
        corners.add(corners.get(0));
        return new GeoShapeData(new GeoShapeData.GeoShape(corners));
    }
}
