import java.util.*;

/** Writes down what the function under test returned; MARK is filled in. */
class EvalsuiteRecorder {
    static <T> T value(T value) {
        System.out.print("MARK" + show(value) + "\n");
        System.out.flush();
        return value;
    }

    static int value(int value) { return value((Integer) value); }

    static long value(long value) { return value((Long) value); }

    static double value(double value) { return value((Double) value); }

    static boolean value(boolean value) { return value((Boolean) value); }

    static char value(char value) { return value((Character) value); }

    private static String show(Object value) {
        if (value == null || value instanceof Boolean) return String.valueOf(value);
        if (value instanceof Number) {
            double real = ((Number) value).doubleValue();
            return Double.isFinite(real) ? value.toString() : "{\"$\":\"" + value + "\"}";
        }
        if (value instanceof Optional) {
            Optional<?> optional = (Optional<?>) value;
            return "{\"$\":\"optional\",\"is\":" + (optional.isPresent() ? show(optional.get()) : "[]") + "}";
        }
        if (value instanceof Map) {
            List<String> entries = new ArrayList<>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                entries.add("[" + show(entry.getKey()) + "," + show(entry.getValue()) + "]");
            }
            return "{\"$\":\"map\",\"is\":" + sorted(entries) + "}";
        }
        if (value instanceof Set) return "{\"$\":\"set\",\"is\":" + sorted(shown((Set<?>) value)) + "}";
        if (value instanceof Collection) return "[" + String.join(",", shown((Collection<?>) value)) + "]";
        if (value.getClass().isArray()) return show(items(value));
        return quoted(value.toString());
    }

    private static List<Object> items(Object array) {
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < java.lang.reflect.Array.getLength(array); i++) {
            items.add(java.lang.reflect.Array.get(array, i));
        }
        return items;
    }

    private static List<String> shown(Collection<?> values) {
        List<String> texts = new ArrayList<>();
        for (Object value : values) texts.add(show(value));
        return texts;
    }

    private static String sorted(List<String> texts) {
        Collections.sort(texts);
        return "[" + String.join(",", texts) + "]";
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < 32 || c > 126) out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }
}
